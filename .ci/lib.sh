# What the gate's scripts share.

step() { printf '\n=== %s (%s s)\n' "$1" "$SECONDS"; }

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

apt_install() {
  as_root apt-get -qq update >/dev/null
  DEBIAN_FRONTEND=noninteractive as_root apt-get -qq install -y --no-install-recommends "$@" >/dev/null
}

need_tools() {
  local missing=()
  command -v cc >/dev/null || missing+=(gcc libc6-dev)
  command -v curl >/dev/null || missing+=(curl)
  command -v strace >/dev/null || missing+=(strace)
  command -v chromium >/dev/null || missing+=(chromium)
  command -v chromedriver >/dev/null || missing+=(chromium-driver)
  command -v pdftotext >/dev/null || missing+=(poppler-utils)
  python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3 python3-venv)
  [ ${#missing[@]} -eq 0 ] || apt_install "${missing[@]}"
  cargo fmt --version >/dev/null && cargo clippy --version >/dev/null
}

# A Postgres of our own, unless one is named: each test makes a database and drops it, which takes twice as long where
# all of it is synced, and nothing here has to outlive a power cut.
need_postgres() {
  if [ -n "${STOA_TEST_DATABASE_URL:-}" ]; then
    echo "using the Postgres that is named"
    return
  fi
  local bin home=/tmp/stoa-ci-postgres
  bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1 || true)
  if [ -z "$bin" ]; then
    apt_install postgresql
    bin=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)
  fi
  as_root mkdir -p "$home" && as_root chown postgres "$home"
  if [ ! -d "$home/data" ]; then
    as_root su postgres -c "$bin/initdb -D $home/data -A trust -U postgres >/dev/null"
  fi
  as_root su postgres -c "$bin/pg_ctl -D $home/data -w -l $home/log \
    -o '-p 55432 -k $home -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off' start >/dev/null"
  export STOA_TEST_DATABASE_URL=postgres://postgres@127.0.0.1:55432/postgres
  trap "as_root su postgres -c '$bin/pg_ctl -D $home/data -m fast stop' >/dev/null 2>&1 || true" EXIT
  echo "started a Postgres of our own"
}

# Uses the Redis that is there; otherwise installs one and starts it beside whatever runs.
need_redis() {
  export STOA_TEST_REDIS_URL="${STOA_TEST_REDIS_URL:-redis://127.0.0.1:6379}"
  if (exec 3<>/dev/tcp/127.0.0.1/6379) 2>/dev/null; then
    echo "using the Redis that runs"
    return
  fi
  command -v redis-server >/dev/null || apt_install redis-server
  redis-server --port 56379 --bind 127.0.0.1 --save '' --appendonly no --daemonize yes \
    --pidfile /tmp/stoa-ci-redis.pid --dir /tmp >/dev/null
  export STOA_TEST_REDIS_URL=redis://127.0.0.1:56379
  echo "started a Redis of our own"
}

# start_stoa DIRECTORY PORT: the release binary with demo data; its id is in $STOA_PID.
start_stoa() {
  STOA_DATA_DIR="$1" STOA_LISTEN="127.0.0.1:$2" STOA_LIMITS_AUTH=off STOA_LIMITS_OTP=off target/release/stoa up >"$1.out" 2>"$1.log" &
  STOA_PID=$!
  for _ in $(seq 1 100); do
    curl -fsS "http://127.0.0.1:$2/health/ready" >/dev/null 2>&1 && return
    sleep 0.1
  done
  cat "$1.log"
  return 1
}
