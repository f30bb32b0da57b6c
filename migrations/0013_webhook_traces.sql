-- Of the event that is told: the call stands in its trace.
ALTER TABLE webhook_deliveries ADD COLUMN traceparent text NOT NULL DEFAULT '';
