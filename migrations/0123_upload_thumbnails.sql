-- What an upload looks like: a small JPEG, made once while the photo is checked. Null: uploaded before, or it could not be made.
ALTER TABLE uploads ADD COLUMN thumbnail bytea;
