# The tag moves. To build on one image and no other, name it by its digest, and look for a newer one now and then:
#   docker build --build-arg NODE="node:24-slim@$(docker buildx imagetools inspect node:24-slim --format '{{.Manifest.Digest}}')" .
ARG NODE=node:24-slim
FROM $NODE
# Two arenas keep the memory of the compression threads from being fragmented; what the server sends, 64 kB at a time, goes back
# to the system when it was read.
ENV NODE_ENV=production MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=32768
WORKDIR /app
COPY package.json package-lock.json ./
# Node.js is the image's own, which is what the optional packages are.
RUN npm ci --omit=dev --omit=optional --ignore-scripts && npm cache clean --force
# Nothing installs anything after this.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn /usr/local/bin/yarnpkg /opt/yarn-v*
COPY src ./src
COPY plugins ./plugins
COPY collectors ./collectors
# For the commands `init` and `import`.
COPY init ./init
COPY import ./import
COPY deploy/kubernetes ./deploy/kubernetes
COPY deploy/prometheus/prometheusrule.yaml ./deploy/prometheus/prometheusrule.yaml
COPY deploy/grafana/dashboards/service.json ./deploy/grafana/dashboards/service.json
# The compiler of TypeScript takes 25 MB: with what it makes in the cache, nothing loads it when the service starts.
# Set no earlier, for npm would make the folder first, and keep its own code there.
ENV NODE_COMPILE_CACHE=/app/.cache
# A new volume that is mounted over `state`, for STATE_FILE, may be written by any user, like the folder.
RUN mkdir -m 777 .cache && mkdir -m 1777 state
# `node`, by its number, which proves that it is not root.
USER 1000
# With the options of the entry point, on which the cache depends.
RUN node --max-semi-space-size=4 --heap-growing-percent=100 --input-type=module -e "import { openFolder } from './plugins/collectors.ts'; await openFolder('/app/collectors')"
# None of them does anything, the service because it has no database, but the cache has the code of each afterwards.
RUN node --max-semi-space-size=4 --heap-growing-percent=100 src/cli.ts check --help && node src/cli.ts health --help && ! node --max-semi-space-size=4 --heap-growing-percent=100 src/cli.ts
# Its code is run, so nobody may change it.
USER 0
RUN chmod -R a-w .cache
USER 1000
EXPOSE 9993 6063
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["node", "src/cli.ts", "health"]
# Runs the service; with `check` as the first argument, checks the collectors. No signal opens a debugger.
ENTRYPOINT ["node", "--disable-sigusr1", "--max-semi-space-size=4", "--heap-growing-percent=100", "src/cli.ts"]
CMD []
