# syntax=docker/dockerfile:1
# One image with the three programs: darkroom (everything in one process), darkroom-api and darkroom-worker.
#
#   docker build -t darkroom .
#   docker run -p 8000:8000 -v darkroom:/data darkroom        one process on a volume
#   docker compose up                                         the clustered form, see docker-compose.yml
#   docker build --build-arg PROFILE=ship -t darkroom .       for a server that many use: faster, twice as long to build

# Node.js and npm bring GraphiQL's pinned files into the program at build time; nothing of them runs later.
FROM node:24-bookworm-slim AS node

FROM rust:1.95-slim-bookworm AS build
# The image has gcc, for SQLite and ring; jemalloc's own build needs make besides.
RUN apt-get update && apt-get install -y --no-install-recommends make && rm -rf /var/lib/apt/lists/*
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=node /usr/local/lib/node_modules/npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
WORKDIR /source
COPY . .
ARG TARGETPLATFORM
ARG PROFILE=release
# The caches keep downloads and compiled crates between builds; the programs are copied out of them in the same step,
# since a cache is not part of the layer.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
  --mount=type=cache,target=/root/.npm,sharing=locked \
  --mount=type=cache,id=darkroom-target-$TARGETPLATFORM,target=/source/target,sharing=locked \
  cargo build --locked --profile "$PROFILE" --bins --package darkroom --package darkroom-api --package darkroom-worker \
  && mkdir /programs \
  && cp "target/$PROFILE/darkroom" "target/$PROFILE/darkroom-api" "target/$PROFILE/darkroom-worker" /programs/

FROM debian:bookworm-slim
# ffmpeg: video. libheif1: HEIC and AVIF photos. curl: health checks, and the bucket of docker-compose.yml. tini: hands
# signals on and reaps ffmpeg's children as process 1.
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates curl ffmpeg libheif1 tini \
  && rm -rf /var/lib/apt/lists/* \
  && useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin darkroom \
  && install --directory --owner=darkroom --group=darkroom --mode=0700 /data
COPY --from=build /programs/ /usr/local/bin/
COPY LICENSE-MIT LICENSE-APACHE /usr/share/doc/darkroom/

ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Darkroom" \
  org.opencontainers.image.description="The backend of a photo-sharing app: GraphQL API and job workers" \
  org.opencontainers.image.licenses="MIT OR Apache-2.0" \
  org.opencontainers.image.version="$VERSION" \
  org.opencontainers.image.revision="$REVISION"

ENV DARKROOM_LISTEN=0.0.0.0:8000 \
  DARKROOM_DATA_DIR=/data
WORKDIR /data
USER darkroom
EXPOSE 8000
STOPSIGNAL SIGTERM
# For darkroom and darkroom-api; a container of darkroom-worker has no port and brings a check of its own.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["curl", "--fail", "--silent", "--show-error", "--output", "/dev/null", "http://127.0.0.1:8000/readyz"]
ENTRYPOINT ["tini", "--"]
CMD ["darkroom"]
