-- The bucket that the endpoints of this one belong to, where they were moved out of it because they kept others waiting;
-- NULL for all others. Not a foreign key: its check would lock one bucket after another, out of the order of their ids.
ALTER TABLE bucket ADD home int;
-- Until now such a bucket was counted as full, whatever it held.
UPDATE bucket b SET size = x.n, home = x.home
FROM (
  SELECT b.id, (SELECT count(*) FROM endpoint e WHERE e.bucket_id = b.id) AS n,
    (SELECT min(o.id) FROM bucket o WHERE o.channel = b.channel AND o.rank = b.rank) AS home
  FROM bucket b WHERE b.size = 500
) x WHERE b.id = x.id AND x.n < 500 AND x.home < x.id;
