-- Tables and functions of the PostgreSQL store. The first operation that misses them runs this, under an advisory lock.
-- Times are microseconds since 1970 of this server's clock, never of an application's.

CREATE SEQUENCE IF NOT EXISTS launchready_version;

-- waited: the entry has a waiter, so the statement that completes it sends NOTIFY.

CREATE TABLE IF NOT EXISTS launchready_kept (
  key bytea PRIMARY KEY, expires bigint NOT NULL, put bigint NOT NULL, version bigint NOT NULL, value bytea NOT NULL,
  waited boolean NOT NULL DEFAULT false
) WITH (fillfactor = 70);  -- room for updates in place: nothing but the key is indexed

CREATE UNLOGGED TABLE IF NOT EXISTS launchready_cache (  -- may be lost, and is, when the server crashes
  key bytea PRIMARY KEY, expires bigint NOT NULL, put bigint NOT NULL, version bigint NOT NULL, value bytea NOT NULL,
  waited boolean NOT NULL DEFAULT false
) WITH (fillfactor = 70);

-- Only for existing tables without the column: ALTER TABLE waits for all users of the table, and blocks them.
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['launchready_kept', 'launchready_cache'] LOOP
    IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = name::regclass AND attname = 'waited') THEN
      EXECUTE format('ALTER TABLE %I ADD COLUMN waited boolean NOT NULL DEFAULT false', name);
    END IF;
  END LOOP;
END $$;

CREATE TABLE IF NOT EXISTS launchready_windows (
  key bytea PRIMARY KEY, expires bigint NOT NULL, state bigint[] NOT NULL
) WITH (fillfactor = 50);

CREATE OR REPLACE FUNCTION launchready_now() RETURNS bigint LANGUAGE sql VOLATILE AS
$$ SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint $$;

-- Take, one window, exact: the times of hits, ascending. Implements launchready/exchange/window.py, line by line.
CREATE OR REPLACE FUNCTION launchready_exact(
  INOUT state bigint[], now bigint, max bigint, period bigint, cost bigint, OUT remaining bigint, OUT wait bigint
) LANGUAGE plpgsql AS $$
DECLARE
  length int := cardinality(state);
  low int := 0;
  high int := length;
  middle int;
BEGIN
  IF length > 0 AND state[length] > now THEN now := state[length]; END IF;
  WHILE low < high LOOP  -- so many at the front are over
    middle := (low + high) / 2;
    IF state[middle + 1] <= now - period THEN low := middle + 1; ELSE high := middle; END IF;
  END LOOP;
  IF low > 0 THEN
    state := state[low + 1 :];
    length := length - low;
  END IF;
  remaining := max - length;
  IF cost > remaining THEN
    wait := CASE WHEN cost - remaining <= length THEN state[cost - remaining] + period - now ELSE period END;
    remaining := -1 - remaining;
    RETURN;
  END IF;
  wait := CASE WHEN length > 0 THEN state[1] + period - now ELSE period END;
  IF cost > 0 THEN state := state || array_fill(now, ARRAY[cost::int]); END IF;
  remaining := remaining - cost;
END $$;

-- Take, one window, grouped: the sum of all counts, the time up to which hits have expired, then time and count in turn.
CREATE OR REPLACE FUNCTION launchready_grouped(
  INOUT state bigint[], now bigint, max bigint, period bigint, cost bigint, OUT remaining bigint, OUT wait bigint
) LANGUAGE plpgsql AS $$
DECLARE
  length int := cardinality(state);
  first int := 3;
  total bigint := 0;
  over bigint := now - 1;
  joins boolean := false;
  missing bigint;
BEGIN
  IF length > 0 THEN
    total := state[1];
    over := state[2];
  END IF;
  IF length > 2 THEN
    IF state[length - 1] > now THEN now := state[length - 1]; END IF;
    WHILE first < length AND state[first] <= now - period LOOP
      over := state[first];
      total := total - state[first + 1];
      first := first + 2;
    END LOOP;
    joins := first < length AND cost > 0 AND state[length] + cost <= max / 32;
  END IF;
  remaining := max - total;
  wait := period;
  IF cost > remaining THEN
    missing := cost - remaining;
    WHILE first < length LOOP
      missing := missing - state[first + 1];
      IF missing <= 0 THEN
        wait := state[first] + period - now;
        EXIT;
      END IF;
      first := first + 2;
    END LOOP;
    remaining := -1 - remaining;
    RETURN;
  END IF;
  remaining := remaining - cost;
  IF (first + CASE WHEN joins THEN 2 ELSE 0 END) < length THEN wait := state[first] + period - now; END IF;
  IF cost > 0 THEN
    IF joins THEN
      cost := cost + state[length];
      length := length - 2;
      total := total - state[length + 2];
    END IF;
    state := ARRAY[total + cost, over] || coalesce(state[first : length], '{}') || ARRAY[now, cost];
  END IF;
END $$;

-- Take from all windows, or from none. State of a row: the length of each window's state, then all numbers.
CREATE OR REPLACE FUNCTION launchready_take_3(k bytea, limits bigint[], periods bigint[], cost bigint, moment bigint)
RETURNS TABLE (allowed boolean, which int, remaining bigint, reset bigint, at bigint) LANGUAGE plpgsql AS $$
DECLARE
  windows int := cardinality(limits);
  now bigint;
  old bigint[];
  lengths bigint[] := '{}';
  numbers bigint[] := '{}';
  start int := windows + 1;
  one record;
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);  -- a count need not outlive a power cut
  LOOP
    SELECT w.state INTO old FROM launchready_windows w WHERE w.key = k FOR UPDATE;
    EXIT WHEN FOUND;
    INSERT INTO launchready_windows VALUES (k, 0, array_fill(0::bigint, ARRAY[windows])) ON CONFLICT DO NOTHING;
  END LOOP;
  now := coalesce(moment, launchready_now());  -- read under the lock: it never goes back along a key
  at := now;
  allowed := true;
  remaining := -1;
  FOR index IN 1 .. windows LOOP
    IF limits[index] <= 256 THEN
      one := launchready_exact(old[start : start + old[index]::int - 1], now, limits[index], periods[index], cost);
    ELSE
      one := launchready_grouped(old[start : start + old[index]::int - 1], now, limits[index], periods[index], cost);
    END IF;
    start := start + old[index]::int;
    IF cardinality(one.state) > 0 THEN  -- later than now where the clock went back
      at := greatest(at, one.state[cardinality(one.state) - CASE WHEN limits[index] <= 256 THEN 0 ELSE 1 END]);
    END IF;
    IF one.remaining < 0 THEN
      IF allowed OR one.wait > reset THEN
        allowed := false; which := index - 1; reset := one.wait; remaining := -1 - one.remaining;
      END IF;
    ELSIF allowed AND (remaining < 0 OR one.remaining < remaining) THEN
      which := index - 1; reset := one.wait; remaining := one.remaining;
    END IF;
    lengths := lengths || cardinality(one.state)::bigint;
    numbers := numbers || one.state;
  END LOOP;
  IF allowed THEN
    UPDATE launchready_windows w SET expires = launchready_now() + periods[windows], state = lengths || numbers WHERE w.key = k;
  END IF;
  RETURN NEXT;
END $$;

-- Give, one window, grouped: two adjacent groups that fit into one are merged.
CREATE OR REPLACE FUNCTION launchready_given(INOUT state bigint[], fits bigint, cost bigint, moment bigint)
LANGUAGE plpgsql AS $$
DECLARE
  place int := 3;
  neighbour int;
  units bigint;
BEGIN
  IF cardinality(state) <= 2 OR moment <= state[2] THEN RETURN; END IF;
  WHILE place < cardinality(state) AND state[place] < moment LOOP place := place + 2; END LOOP;
  IF place > cardinality(state) THEN RETURN; END IF;
  units := least(cost, state[place + 1]);
  state[1] := state[1] - units;
  state[place + 1] := state[place + 1] - units;
  IF state[place + 1] = 0 THEN state := state[: place - 1] || state[place + 2 :]; END IF;
  FOREACH neighbour IN ARRAY ARRAY[place, place - 2] LOOP
    IF neighbour > 2 AND neighbour + 3 <= cardinality(state) AND state[neighbour + 1] + state[neighbour + 3] <= fits THEN
      state[neighbour + 3] := state[neighbour + 3] + state[neighbour + 1];
      state := state[: neighbour - 1] || state[neighbour + 2 :];
    END IF;
  END LOOP;
END $$;

-- Give: undo a Take at a given time, as far as it still counts. Implements `give` of launchready/exchange/window.py.
CREATE OR REPLACE FUNCTION launchready_give_2(k bytea, limits bigint[], periods bigint[], cost bigint, moment bigint)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  windows int := cardinality(limits);
  old bigint[];
  one bigint[];
  lengths bigint[] := '{}';
  numbers bigint[] := '{}';
  start int := windows + 1;
  place int;
  units bigint;
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  SELECT w.state INTO old FROM launchready_windows w WHERE w.key = k FOR UPDATE;
  IF NOT FOUND THEN RETURN; END IF;
  FOR index IN 1 .. windows LOOP
    one := old[start : start + old[index]::int - 1];
    start := start + old[index]::int;
    units := cost;
    IF limits[index] <= 256 THEN
      WHILE units > 0 LOOP
        place := array_position(one, moment);
        EXIT WHEN place IS NULL;
        one := one[: place - 1] || one[place + 1 :];
        units := units - 1;
      END LOOP;
    ELSE
      one := launchready_given(one, limits[index] / 32, cost, moment);
    END IF;
    lengths := lengths || cardinality(one)::bigint;
    numbers := numbers || one;
  END LOOP;
  UPDATE launchready_windows w SET state = lengths || numbers WHERE w.key = k;
END $$;
