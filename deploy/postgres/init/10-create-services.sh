#!/usr/bin/env bash
# One database and three roles per service, the same as the embedded stack makes. PostgreSQL's image
# runs this once, when the data directory is empty. Passwords come from the environment of the container.
set -euo pipefail

for service in booking queue tracking notify ledger; do
    upper=${service^^}
    owner_variable=${upper}_OWNER_PASSWORD
    program_variable=${upper}_PASSWORD
    relay_variable=${upper}_RELAY_PASSWORD
    export OWNER_PASSWORD=${!owner_variable:?} PROGRAM_PASSWORD=${!program_variable:?} \
        RELAY_PASSWORD=${!relay_variable:?}
    psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
        --set=service="$service" --set=owner="${service}_owner" --set=relay="${service}_relay" <<'SQL'
-- A failing statement would otherwise be written to the server's log, password included.
SET log_min_error_statement = 'panic';
\getenv owner_password OWNER_PASSWORD
\getenv program_password PROGRAM_PASSWORD
\getenv relay_password RELAY_PASSWORD
CREATE ROLE :"owner" LOGIN PASSWORD :'owner_password';
CREATE ROLE :"service" LOGIN PASSWORD :'program_password';
CREATE ROLE :"relay" LOGIN PASSWORD :'relay_password';
CREATE DATABASE :"service" OWNER :"owner";
REVOKE ALL ON DATABASE :"service" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"service" TO :"owner", :"service", :"relay";
SQL
done
