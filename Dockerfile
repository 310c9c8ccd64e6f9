FROM node:24-slim
# Two arenas keep the memory of the compression threads from being fragmented.
ENV NODE_ENV=production MALLOC_ARENA_MAX=2
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev
COPY src ./src
COPY plugins ./plugins
COPY collectors ./collectors
# The compiler of TypeScript takes 25 MB: with what it makes in the cache, nothing loads it when the service starts.
# Set no earlier, for npm would make the folder first, and keep its own code there.
ENV NODE_COMPILE_CACHE=/app/.cache
# A new volume that is mounted over `state`, for STATE_FILE, may be written by this user, like the folder.
RUN mkdir -m 777 .cache state
USER node
RUN node --input-type=module -e "import { loadFolder } from './src/contract/folder.ts'; await loadFolder('/app/collectors')"
# None of them does anything, the service because it has no database, but the cache has the code of each afterwards.
RUN node src/cli.ts check --help && node src/cli.ts health --help && ! node src/cli.ts
EXPOSE 9993 6063
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["node", "src/cli.ts", "health"]
# Runs the service; with `check` as the first argument, checks the collectors.
ENTRYPOINT ["node", "--max-semi-space-size=4", "src/cli.ts"]
CMD []
