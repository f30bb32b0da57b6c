-- The quality below which a tenant's garments are refused, where it is higher than the deployment's; null: the deployment's alone.
ALTER TABLE tenants ADD COLUMN quality_floor numeric CHECK (quality_floor BETWEEN 0 AND 1);
