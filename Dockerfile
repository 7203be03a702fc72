# The hub as a container: built from the lock file, run by a user without rights, stopped with a drain.
FROM node:24-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
# The lock file names this folder: without it npm ci calls the lock file outdated.
COPY test/helpers/openapi-client/package.json test/helpers/openapi-client/
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build

FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY test/helpers/openapi-client/package.json test/helpers/openapi-client/
# The image has its own Node, and nothing that runs needs an install script.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24-slim
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /src/dist dist
COPY package.json LICENSE README.md SECURITY.md ./
RUN ln -s /app/dist/hub/main.js /usr/local/bin/device-hub \
  && ln -s /app/dist/device-sim/main.js /usr/local/bin/device-hub-sim \
  && install -d -o node -g node -m 0700 /var/lib/device-hub
ENV NODE_ENV=production HUB_DATA_DIR=/var/lib/device-hub
USER node
VOLUME /var/lib/device-hub
# Devices; operators; the embedded broker, unless HUB_MQTT_URL names another.
EXPOSE 8443 8080 1883
STOPSIGNAL SIGTERM
# Over the socket in the data folder: it is there whatever the admin listener is set to.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "require('node:http').get({socketPath:process.env.HUB_DATA_DIR+'/hub.sock',path:'/livez'},r=>process.exit(r.statusCode===200?0:1)).on('error',()=>process.exit(1))"]
ENTRYPOINT ["device-hub"]
CMD ["start"]
