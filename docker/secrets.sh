#!/bin/sh
# Writes the passwords that docker-compose.yml names into secrets/, once; existing files stay.
# Readable by everybody inside a container, therefore the folder itself is closed to others.
set -eu

cd "$(dirname "$0")/.."
umask 077
mkdir -p secrets
echo '*' >secrets/.gitignore

fresh() {
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n'
}

write() { # name, content
    if [ ! -e "secrets/$1" ]; then
        printf '%s' "$2" >"secrets/$1"
        chmod 0444 "secrets/$1"
        echo "secrets/$1 written"
    fi
}

write database_password "$(fresh)"
write bi_password "$(fresh)"
write grafana_admin_password "$(fresh)"
write database_url "postgresql://camledger:$(cat secrets/database_password)@database:5432/camledger"
