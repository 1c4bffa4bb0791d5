-- Tables of the MySQL store. The first operation that misses them runs this; the server serialises concurrent runs.
-- Keys are 32 bytes, compared as bytes: a collation would fold case and trailing blanks.
-- Times are microseconds since 1970 of this server's clock. mark: a random id of the last write, by which a writer knows
-- whether its write won, without relying on a row count.

CREATE TABLE IF NOT EXISTS launchready_kept (
  k VARBINARY(32) PRIMARY KEY, expires BIGINT NOT NULL, put BIGINT NOT NULL, version BIGINT NOT NULL,
  mark VARBINARY(16) NOT NULL, value LONGBLOB NOT NULL
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS launchready_cache (
  k VARBINARY(32) PRIMARY KEY, expires BIGINT NOT NULL, put BIGINT NOT NULL, version BIGINT NOT NULL,
  mark VARBINARY(16) NOT NULL, value LONGBLOB NOT NULL
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS launchready_windows (
  k VARBINARY(32) PRIMARY KEY, expires BIGINT NOT NULL, state LONGBLOB NOT NULL
) ENGINE=InnoDB
