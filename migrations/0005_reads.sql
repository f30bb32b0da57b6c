-- Finished pictures, newest first: most of a tenant's requests are among them, but a wall of pictures must not read past failures.
CREATE INDEX request_logs_renders ON request_logs (tenant_id, environment, request_id DESC) WHERE status = 'SUCCESS';
