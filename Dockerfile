# Images of MIC, NMI, demo and identityvalidator: docker build --target nmi .
# docs/reference/images.md says what is in each; tools/images/table.ts decides it, and a test holds this file to it.
#
# Nothing of BASE is in the images: it only has to bring Debian's apt, npm and a Node that runs npm.
# To build from the same one for ever, name it with its digest: --build-arg BASE=docker.io/library/node@sha256:...
ARG BASE=docker.io/library/node:24-bookworm-slim

# Runs on the builder's own processor, also for images of the other: nothing of the other's has to run.
FROM --platform=${BUILDPLATFORM} ${BASE} AS files
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends libatomic1
WORKDIR /source
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
COPY . .
# What --version tells; git's history is not copied.
ARG COMMIT=unknown
ARG DATE=unknown
RUN BUILD_COMMIT="${COMMIT}" BUILD_DATE="${DATE}" node_modules/.bin/node tools/build.ts
ARG TARGETARCH
# Where Debian's packages come from, without /debian; as BASE has it when empty.
ARG DEBIAN_MIRROR=
RUN node_modules/.bin/node tools/images/make.ts /files --files --processor "${TARGETARCH}"

FROM scratch AS base
COPY --from=files /files/base/ /
ENV PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
WORKDIR /

FROM base AS mic
COPY --from=files /files/mic/ /
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/node", "--max-semi-space-size=8", "--max-old-space-size=768", "/app/mic.cjs"]

FROM base AS nmi
COPY --from=files /files/nmi/ /
USER 0:0
ENTRYPOINT ["/usr/local/bin/node", "--min-semi-space-size=2", "--max-semi-space-size=2", "--max-old-space-size=256", "--no-concurrent-recompilation", "/app/nmi.cjs"]

FROM base AS demo
COPY --from=files /files/demo/ /
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/node", "--max-semi-space-size=1", "--max-old-space-size=64", "/app/demo.cjs"]

FROM base AS identityvalidator
COPY --from=files /files/identityvalidator/ /
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/node", "--max-semi-space-size=1", "--max-old-space-size=64", "/app/identityvalidator.cjs"]
