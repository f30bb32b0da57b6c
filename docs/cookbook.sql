-- Ten questions to a lake or to a replay, in SQL that DuckDB and Spark take as it stands. They ask the views that
-- `looks lake views` makes; times are UTC (SET TimeZone = 'UTC'; spark.sql.session.timeZone=UTC).

-- completions_by_category: how many looks are completed a day, by category? A look counts once for each category in it.
SELECT CAST(completed_at AS DATE) AS day, category, count(DISTINCT request_id) AS looks
FROM completed_items
GROUP BY 1, 2 ORDER BY 1, 2;

-- time_to_look: how long does a look take, from acceptance to the picture?
SELECT count(*) AS looks,
       round(percentile_cont(0.50) WITHIN GROUP (ORDER BY took_ms)) AS p50_ms,
       round(percentile_cont(0.95) WITHIN GROUP (ORDER BY took_ms)) AS p95_ms,
       round(percentile_cont(0.99) WITHIN GROUP (ORDER BY took_ms)) AS p99_ms
FROM (SELECT c.completed_ms - r.requested_ms AS took_ms
      FROM completed c JOIN requested r ON r.request_id = c.request_id) AS taken;

-- failure_reasons: why do looks fail?
SELECT reason, count(*) AS looks, round(CAST(count(*) AS DOUBLE) / sum(count(*)) OVER (), 3) AS share
FROM failed GROUP BY reason ORDER BY looks DESC, reason;

-- refunds_against_charges: how much is charged and how much is refunded, by tenant?
SELECT r.tenant_id AS tenant, CAST(sum(r.credits_cost) AS BIGINT) AS charged,
       CAST(coalesce(sum(b.amount), 0) AS BIGINT) AS refunded,
       round(CAST(coalesce(sum(b.amount), 0) AS DOUBLE) / sum(r.credits_cost), 3) AS share
FROM requested r LEFT JOIN refunds b ON b.request_id = r.request_id
GROUP BY r.tenant_id ORDER BY tenant;

-- retry_cost: what do retries cost? Each `retrying` is an attempt that failed and was repeated.
SELECT count(DISTINCT CASE WHEN stage = 'retrying' THEN request_id END) AS looks_retried,
       count(CASE WHEN stage = 'retrying' THEN 1 END) AS attempts_failed,
       count(CASE WHEN stage = 'composing' THEN 1 END) AS attempts,
       round(CAST(count(CASE WHEN stage = 'retrying' THEN 1 END) AS DOUBLE)
             / nullif(count(CASE WHEN stage = 'composing' THEN 1 END), 0), 3) AS share
FROM progress;

-- cancel_rate: how many requests are cancelled?
SELECT r.tenant_id AS tenant, count(*) AS requests, count(f.request_id) AS cancelled,
       round(CAST(count(f.request_id) AS DOUBLE) / count(*), 3) AS share
FROM requested r LEFT JOIN (SELECT request_id FROM failed WHERE reason = 'cancelled') f ON f.request_id = r.request_id
GROUP BY r.tenant_id ORDER BY tenant;

-- busiest_hours: which hours of the day are the busiest?
SELECT CAST(extract(HOUR FROM requested_at) AS INT) AS hour, count(*) AS requests
FROM requested GROUP BY 1 ORDER BY requests DESC, hour LIMIT 5;

-- slowest_stages: which stages of the engine are the slowest?
SELECT stage, round(avg(ms), 1) AS mean_ms,
       round(percentile_cont(0.95) WITHIN GROUP (ORDER BY ms), 1) AS p95_ms
FROM stage_times GROUP BY stage ORDER BY mean_ms DESC, stage;

-- bytes_by_tenant: who has the largest pictures, and how many bytes in all?
SELECT tenant_id AS tenant, count(*) AS pictures, CAST(sum(bytes) AS BIGINT) AS bytes, max(bytes) AS largest,
       max(width * height) AS most_pixels
FROM completed GROUP BY tenant_id ORDER BY bytes DESC, tenant;

-- without_outcome: which requests have no outcome? Right after their acceptance that is as it should be; long after
-- their deadline it is not: `looks audit` says why.
SELECT r.request_id, r.tenant_id AS tenant, r.deadline_at
FROM requested r
WHERE NOT EXISTS (SELECT 1 FROM completed c WHERE c.request_id = r.request_id)
  AND NOT EXISTS (SELECT 1 FROM failed f WHERE f.request_id = r.request_id)
ORDER BY r.request_id;
