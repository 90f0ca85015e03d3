# syntax=docker/dockerfile:1.7
# One target per binary: docker build --target api, --target migrator, --target operator.
# The cache mounts keep the registry and the compiled dependencies from one build to the next.

FROM rust:1.95.0-bookworm AS source
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY crates crates
COPY api api
COPY migrator migrator
COPY charts/tests charts/tests
COPY k8s/operator k8s/operator
COPY load-tests load-tests
COPY xtask xtask

FROM source AS build-api
# Which commit it is, as api/src/version.rs reads it. Here and not earlier, because all that follows is built anew for it.
ARG GIT_COMMIT=unknown
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target,sharing=locked \
    cargo build --locked --release -p conversation-api \
    && install -D target/release/conversation-api /out/conversation-api \
    && mkdir /out/data

FROM source AS build-migrator
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target,sharing=locked \
    cargo build --locked --release -p conversation-migrator \
    && install -D target/release/conversation-migrator /out/conversation-migrator

FROM source AS build-operator
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target,sharing=locked \
    cargo build --locked --release -p conversation-operator \
    && install -D target/release/conversation-operator /out/conversation-operator

# The C library, TLS roots and nothing else: no shell, no package manager. For the same reason there is no HEALTHCHECK:
# there is no program in it that could ask. The probes of Kubernetes and the proxy in docker-compose.yml ask over HTTP.
FROM gcr.io/distroless/cc-debian12:nonroot AS runtime
# By number, so that Kubernetes can see that it is not root.
USER 65532:65532
STOPSIGNAL SIGTERM
LABEL org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.vendor="The conversation service's authors"

FROM runtime AS migrator
ARG GIT_COMMIT=unknown
LABEL org.opencontainers.image.title="conversation-migrator" \
      org.opencontainers.image.description="Plans, applies and verifies the schema of the conversation service on MongoDB" \
      org.opencontainers.image.revision="${GIT_COMMIT}"
COPY --from=build-migrator /out/conversation-migrator /usr/local/bin/conversation-migrator
ENTRYPOINT ["/usr/local/bin/conversation-migrator"]

FROM runtime AS operator
ARG GIT_COMMIT=unknown
LABEL org.opencontainers.image.title="conversation-operator" \
      org.opencontainers.image.description="Runs the conversation service on Kubernetes as its objects say" \
      org.opencontainers.image.revision="${GIT_COMMIT}"
COPY --from=build-operator /out/conversation-operator /usr/local/bin/conversation-operator
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/conversation-operator"]

# The last one, so that it is what a build without a target makes.
FROM runtime AS api
ARG GIT_COMMIT=unknown
LABEL org.opencontainers.image.title="conversation-api" \
      org.opencontainers.image.description="The conversation service over HTTP" \
      org.opencontainers.image.revision="${GIT_COMMIT}"
COPY --from=build-api /out/conversation-api /usr/local/bin/conversation-api
# Only the embedded store writes, and only here, so that the rest can be mounted read-only.
COPY --from=build-api --chown=65532:65532 /out/data /data
ENV DATA_DIR=/data
VOLUME /data
EXPOSE 3000 9090
ENTRYPOINT ["/usr/local/bin/conversation-api"]
