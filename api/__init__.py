"""The HTTP surface: routes, gates and presenters. Rules live in `domain`, SQL in `storage`."""
