# SPDX-License-Identifier: MIT
# Our own image: the program, its plug-ins with their client libraries, and the static worker.
#   docker build -t lockproof:0.1.0 .
# Any Debian 12 will do as a base: --build-arg BASE=my-registry/debian:12
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
WORKDIR /src
COPY ci/install ci/install
RUN ci/install build libraries && rm -rf /var/lib/apt/lists/*
COPY Makefile ./
COPY harness harness
COPY drivers drivers
COPY reports reports
COPY scenarios scenarios
COPY docs docs
RUN make -j"$(nproc)" install DESTDIR=/out PREFIX=/usr/local

FROM ${BASE}
COPY ci/install ci/install
RUN ci/install runtime && rm -rf ci /var/lib/apt/lists/*
COPY --from=build /out/ /
LABEL org.opencontainers.image.title="lockproof" \
      org.opencontainers.image.description="Says, with proof, whether a lock really locks" \
      org.opencontainers.image.licenses="MIT"
ENTRYPOINT ["lockproof"]
CMD ["--help"]
