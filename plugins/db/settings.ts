/**
 * Settings that values and the meaning of a query depend on. A role, a database or a server may have others, and must not
 * change what a query returns. A window's bound is compared with a `timestamp` column in UTC. Not among them is
 * lc_monetary: it says where the point is in an amount that is stored as `money`, so only the server can know it.
 * https://www.postgresql.org/docs/current/runtime-config-client.html
 * https://www.postgresql.org/docs/current/runtime-config-compatible.html
 */
export const SETTINGS = [
  ['timezone', "'UTC'"],
  ['timezone_abbreviations', "'Default'"],
  ['datestyle', "'ISO, MDY'"],
  ['intervalstyle', "'postgres'"],
  ['extra_float_digits', '1'],
  ['bytea_output', "'hex'"],
  ['standard_conforming_strings', 'on'],
  ['lc_numeric', "'C'"],
  ['lc_time', "'C'"],
  ['xmlbinary', "'base64'"],
  ['xmloption', "'content'"],
  ['array_nulls', 'on'],
  ['transform_null_equals', 'off'],
  ['quote_all_identifiers', 'off'],
  ['gin_fuzzy_search_limit', '0'],
] as const
