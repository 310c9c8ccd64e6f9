import type { Cluster } from '../cluster/cluster.ts'
import { writeTo } from '../cluster/primary.ts'

/** User and password of the role that may write the table with the counters. */
export const STATE_ROLE = 'metrics_state:only-a-rehearsal'

/** Makes what the replicas read, and the roles that they are, as docs/operations.md and docs/deployment.md have them. */
export async function createShop(cluster: Cluster, password: string): Promise<void> {
  const [role, statePassword] = STATE_ROLE.split(':')
  // Again from the start when it is not known whether it was done.
  await writeTo(cluster, (sql) =>
    sql.unsafe(`
      DROP TABLE IF EXISTS rows, accounts, inputs;
      CREATE TABLE rows (
        kind    text           NOT NULL,
        shop    text           NOT NULL,
        amount  numeric(12, 2) NOT NULL,
        seconds float8         NOT NULL,
        created timestamptz    NOT NULL
      );
      CREATE INDEX rows_created ON rows (created);
      CREATE TABLE accounts (debit bigint NOT NULL, credit bigint NOT NULL, version bigint NOT NULL);
      INSERT INTO accounts VALUES (500, 500, 0);
      CREATE TABLE inputs (name text NOT NULL, value float8);
      INSERT INTO inputs VALUES ('first', 1);
      DO $$ BEGIN
        IF to_regrole('metrics') IS NULL THEN CREATE ROLE metrics LOGIN CONNECTION LIMIT 20; END IF;
        IF to_regrole('${role}') IS NULL THEN CREATE ROLE ${role} LOGIN PASSWORD '${statePassword}'; END IF;
      END $$;
      ALTER ROLE metrics PASSWORD '${password}';
      GRANT SELECT ON rows, accounts, inputs TO metrics;
      GRANT CREATE ON SCHEMA public TO ${role}`),
  )
}

/** The sum of both accounts, whatever goes from one to the other. */
export const BALANCE = 1000
