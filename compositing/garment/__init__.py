"""What a cut-out's silhouette says: where its neck, armpits, sleeves, waist, crotch and collar are."""
