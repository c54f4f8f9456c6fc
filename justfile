# Shortcuts for people who work on Darkroom: `just` lists them. Each is a line that can be typed by hand, too.

# Arguments reach the commands as they were quoted.
set positional-arguments

# list the recipes
default:
    @just --list --unsorted

# everything in one process on ./data, http://127.0.0.1:8000
run *arguments:
    cargo run -- "$@"

# the same with a believable world in an empty data folder
demo *arguments:
    cargo run -- demo "$@"

# the suite, embedded and clustered; `just test embedded -E 'test(feed)'` runs a part
test *arguments:
    scripts/test "$@"

# the clustered suite once more, on tables in parts: see `darkroom migrate --partition`
test-partitioned *arguments:
    DARKROOM_TEST_PARTITIONED=1 scripts/test clustered "$@"

# formatting, scripts, lints, documentation, dependencies
check:
    cargo fmt --all --check
    shellcheck -x .ci/run scripts/* tests/alerts/check tests/compose/check bench/photo/setup bench/peer/setup
    cargo clippy --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps
    cargo deny --workspace check licenses sources
    cargo deny --workspace --exclude-dev check bans

# By way of a second file: a program that does not build must not empty the one that is checked in.
# write the GraphQL schemas anew, after a change to the schema crate
schema:
    cargo run --quiet -- schema > target/schema.graphql
    cargo run --quiet -- schema --admin > target/admin.graphql
    mv target/schema.graphql target/admin.graphql schema/

# measure, beside floors, on throw-away stores
bench *arguments:
    bench/peer/setup
    scripts/services run cargo run --release --package darkroom-bench -- "$@"

# the photo pipeline beside sharp, pyvips, ImageMagick and a floor; installs them below target/bench-peers
bench-photo *arguments:
    bench/photo/setup
    cargo run --release --package darkroom-bench-photo -- "$@"

# search for bytes that hurt, so many seconds for each target (or for those named); needs cargo-fuzz and g++
fuzz seconds="600" *targets:
    scripts/fuzz {{seconds}} {{targets}}

# everything that Darkroom is to survive, at full size; `just chaos redis-away postgres-restart` only these
chaos *faults:
    cargo build --workspace --bins
    cargo test --workspace --test chaos -- long "$@"

# what the release of this program leaves behind, for the tests of its successors: tests/upgrade/
upgrade-fixture program:
    scripts/upgrade-fixture "{{program}}"

# a throw-away PostgreSQL, Redis and S3 server until Ctrl-C, and the lines that make the programs use them
dev-stores:
    scripts/services

# the clustered form in containers; needs .env, see .env.example
compose-up:
    docker compose up --build --detach

# stop the containers; the volumes with the data stay
compose-down:
    docker compose down

# everything that must hold before a change lands
ci:
    .ci/run
