-- What the PostgreSQL store keeps. Run once, by whoever first finds it missing, under an advisory lock.
-- Times are microseconds since 1970 of this server's clock, and never an application's.

CREATE SEQUENCE IF NOT EXISTS launchready_version;

CREATE TABLE IF NOT EXISTS launchready_kept (
  key bytea PRIMARY KEY, expires bigint NOT NULL, put bigint NOT NULL, version bigint NOT NULL, value bytea NOT NULL
) WITH (fillfactor = 70);  -- room for updates in place: nothing but the key is indexed

CREATE UNLOGGED TABLE IF NOT EXISTS launchready_cache (  -- may be lost, and is, when the server crashes
  key bytea PRIMARY KEY, expires bigint NOT NULL, put bigint NOT NULL, version bigint NOT NULL, value bytea NOT NULL
) WITH (fillfactor = 70);

CREATE TABLE IF NOT EXISTS launchready_windows (
  key bytea PRIMARY KEY, expires bigint NOT NULL, state bigint[] NOT NULL
) WITH (fillfactor = 50);

CREATE OR REPLACE FUNCTION launchready_now() RETURNS bigint LANGUAGE sql VOLATILE AS
$$ SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint $$;

-- Take, one window, exact: the times of hits, ascending. The rule is launchready/exchange/window.py, line by line.
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

-- Take, one window, sliced: the sum of all counts, then slice number and count alternating.
CREATE OR REPLACE FUNCTION launchready_sliced(
  INOUT state bigint[], now bigint, max bigint, period bigint, cost bigint, OUT remaining bigint, OUT wait bigint
) LANGUAGE plpgsql AS $$
DECLARE
  length int := cardinality(state);
  slice bigint := now * 16 / period;
  first int := 2;
  total bigint := 0;
  missing bigint;
BEGIN
  IF length > 0 THEN
    total := state[1];
    IF length > 1 AND state[length - 1] > slice THEN slice := state[length - 1]; END IF;
  END IF;
  WHILE first < length AND state[first] < slice - 16 LOOP
    total := total - state[first + 1];
    first := first + 2;
  END LOOP;
  remaining := max - total;
  wait := period;
  IF cost > remaining THEN
    missing := cost - remaining;
    WHILE first < length LOOP
      missing := missing - state[first + 1];
      IF missing <= 0 THEN
        wait := ((state[first] + 17) * period + 15) / 16 - now;
        EXIT;
      END IF;
      first := first + 2;
    END LOOP;
    remaining := -1 - remaining;
    RETURN;
  END IF;
  wait := ((CASE WHEN first < length THEN state[first] ELSE slice END + 17) * period + 15) / 16 - now;
  remaining := remaining - cost;
  state := array_prepend(total + cost, coalesce(state[first :], '{}'));
  length := cardinality(state);
  IF cost > 0 THEN
    IF length > 1 AND state[length - 1] = slice THEN
      state[length] := state[length] + cost;
    ELSE
      state := state || ARRAY[slice, cost];
    END IF;
  END IF;
END $$;

-- Take from all windows, or from none. A row's state: the length of each window's, then the numbers of all.
CREATE OR REPLACE FUNCTION launchready_take_2(k bytea, limits bigint[], periods bigint[], cost bigint, moment bigint)
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
      one := launchready_sliced(old[start : start + old[index]::int - 1], now, limits[index], periods[index], cost);
    END IF;
    start := start + old[index]::int;
    IF limits[index] <= 256 AND cardinality(one.state) > 0 THEN at := greatest(at, one.state[cardinality(one.state)]); END IF;
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

-- Give: undo a Take at this moment, as far as it still counts. The rule is `give` of launchready/exchange/window.py.
CREATE OR REPLACE FUNCTION launchready_give_1(k bytea, limits bigint[], periods bigint[], cost bigint, moment bigint)
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
      place := 2;
      WHILE place < cardinality(one) AND one[place] <> moment * 16 / periods[index] LOOP place := place + 2; END LOOP;
      IF place < cardinality(one) THEN
        units := least(units, one[place + 1]);
        one[1] := one[1] - units;
        one[place + 1] := one[place + 1] - units;
        IF one[place + 1] = 0 THEN one := one[: place - 1] || one[place + 2 :]; END IF;
      END IF;
    END IF;
    lengths := lengths || cardinality(one)::bigint;
    numbers := numbers || one;
  END LOOP;
  UPDATE launchready_windows w SET state = lengths || numbers WHERE w.key = k;
END $$;
