"""The compositor: takes requests, makes pictures, decides outcomes."""
