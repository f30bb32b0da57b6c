-- Which engine makes a tenant's looks, unless a look asks for another; null: the deployment's default.
ALTER TABLE tenants ADD COLUMN engine text CHECK (engine IN ('classical', 'remote'));
