-- Endpoints that are sent the picture's short-lived link. It is made at each try, of the place that is kept here.
ALTER TABLE webhooks ADD COLUMN include_image_url boolean NOT NULL DEFAULT false;
ALTER TABLE webhook_deliveries ADD COLUMN image_bucket text, ADD COLUMN image_key text;
