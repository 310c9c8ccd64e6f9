-- The role of docs/operations.md. The server reads its password from the secret, so that no statement holds it.
DO $$
BEGIN
  EXECUTE format(
    'CREATE ROLE metrics LOGIN PASSWORD %L CONNECTION LIMIT 10',
    rtrim(pg_read_file('/run/secrets/metrics-password'), E'\n')
  );
END
$$;

GRANT CONNECT ON DATABASE platform TO metrics;
GRANT USAGE ON SCHEMA public TO metrics;
GRANT SELECT ON projects, integrations, connections, installations, operations, destinations TO metrics;
