-- What the MySQL store keeps. Run by whoever first finds it missing; the server runs one of several at once.
-- Keys are 32 bytes, compared as bytes: a collation would fold case and trailing blanks.
-- Times are microseconds since 1970 of this server's clock. mark: which write made the row, so that a writer who asks
-- finds out whether it was his, and need not believe a count of rows.

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
