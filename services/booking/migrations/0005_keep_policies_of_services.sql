-- The mall says which booking policy a service goes by, so it stands with the mall.
ALTER TABLE malls ADD bookings jsonb NOT NULL DEFAULT '[]';
ALTER TABLE malls ALTER bookings DROP DEFAULT;
ALTER TABLE services DROP policy;

-- Policies, plans and ways between zones are read from the catalogue now: once from its beginning.
DELETE FROM positions WHERE consumer = 'booking.catalogue';
DELETE FROM inbox WHERE consumer = 'booking.catalogue';
