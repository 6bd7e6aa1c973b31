SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

DROP TABLE facilities;
DROP FUNCTION touch_updated_at();
DROP FUNCTION amenities_text(TEXT[]);
DROP TABLE sites;
