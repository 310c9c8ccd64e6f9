-- The tables that the default collectors read: our reading of an integration platform's public API.
-- Statuses are text without constraints, as an ORM leaves them, so a value outside the list does occur.
-- Live means delete_time IS NULL.

CREATE TABLE projects (
  id          uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  org_id      uuid        NOT NULL,
  name        text        NOT NULL UNIQUE,
  app_name    text        NOT NULL,
  create_time timestamptz NOT NULL DEFAULT now(),
  update_time timestamptz NOT NULL DEFAULT now(),
  delete_time timestamptz
);

CREATE TABLE integrations (
  id                 uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  project_id         uuid        NOT NULL REFERENCES projects,
  name               text        NOT NULL,
  provider           text        NOT NULL,
  latest_revision_id uuid        NOT NULL DEFAULT gen_random_uuid(),
  create_time        timestamptz NOT NULL DEFAULT now(),
  update_time        timestamptz NOT NULL DEFAULT now(),
  delete_time        timestamptz
);

-- A deleted integration's name may be taken again.
CREATE UNIQUE INDEX integrations_live_name ON integrations (project_id, name) WHERE delete_time IS NULL;

CREATE TABLE connections (
  id                     uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  project_id             uuid        NOT NULL REFERENCES projects,
  provider               text        NOT NULL,
  provider_app_id        uuid,
  group_ref              text        NOT NULL,
  consumer_ref           text        NOT NULL,
  -- none, apiKey, basic, oauth2/authorizationCode, oauth2/authorizationCodePKCE, oauth2/clientCredentials,
  -- oauth2/password
  auth_scheme            text        NOT NULL,
  -- created, working, bad_credentials
  status                 text        NOT NULL DEFAULT 'created',
  provider_workspace_ref text,
  token_expires_at       timestamptz,
  create_time            timestamptz NOT NULL DEFAULT now(),
  update_time            timestamptz NOT NULL DEFAULT now(),
  delete_time            timestamptz
);

CREATE INDEX connections_live ON connections (provider, status) WHERE delete_time IS NULL;
CREATE INDEX connections_create_time ON connections (create_time);
CREATE INDEX connections_delete_time ON connections (delete_time) WHERE delete_time IS NOT NULL;

CREATE TABLE installations (
  id                    uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  project_id            uuid        NOT NULL REFERENCES projects,
  integration_id        uuid        NOT NULL REFERENCES integrations,
  connection_id         uuid        NOT NULL REFERENCES connections,
  group_ref             text        NOT NULL,
  -- healthy, unhealthy
  health_status         text        NOT NULL DEFAULT 'healthy',
  -- in_progress, success, failure; null before the first operation
  last_operation_status text,
  config_id             uuid        NOT NULL DEFAULT gen_random_uuid(),
  -- Outdated when it differs from the integration's latest_revision_id.
  config_revision_id    uuid        NOT NULL,
  created_by            text        NOT NULL,
  create_time           timestamptz NOT NULL DEFAULT now(),
  update_time           timestamptz NOT NULL DEFAULT now(),
  delete_time           timestamptz
);

CREATE INDEX installations_live ON installations (project_id) WHERE delete_time IS NULL;
CREATE INDEX installations_create_time ON installations (create_time);
CREATE INDEX installations_delete_time ON installations (delete_time) WHERE delete_time IS NOT NULL;

-- The group and the consumer of an operation are those of its installation and of that one's connection.
CREATE TABLE operations (
  id              uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  project_id      uuid        NOT NULL REFERENCES projects,
  integration_id  uuid        NOT NULL REFERENCES integrations,
  installation_id uuid        NOT NULL REFERENCES installations,
  config_id       uuid        NOT NULL,
  -- read, write, subscribe
  action_type     text        NOT NULL,
  -- in_progress, success, failure
  status          text        NOT NULL DEFAULT 'in_progress',
  -- What went wrong, or null.
  result          text,
  -- {"objects": ["contact"], "retry": {"attempts": 1}, "progress": {"recordsProcessed": 120}}, each key optional.
  metadata        jsonb       NOT NULL DEFAULT '{}',
  create_time     timestamptz NOT NULL DEFAULT now(),
  -- Null while in progress.
  finish_time     timestamptz
);

CREATE INDEX operations_create_time ON operations (create_time);
CREATE INDEX operations_finish_time ON operations (finish_time) WHERE finish_time IS NOT NULL;
CREATE INDEX operations_in_progress ON operations (action_type, create_time) WHERE status = 'in_progress';
CREATE INDEX operations_installation ON operations (installation_id, create_time DESC);

CREATE TABLE destinations (
  id          uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  project_id  uuid        NOT NULL REFERENCES projects,
  name        text        NOT NULL,
  -- webhook, kinesis, s3, slack, clickhouse, snowflake, bigquery, redshift, sqs, pubsub, rabbitmq, azureservicebus
  type        text        NOT NULL,
  create_time timestamptz NOT NULL DEFAULT now(),
  delete_time timestamptz
);
