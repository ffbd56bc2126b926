# The app as an image, three stages: what browsers load, Python packages, the app itself. `docker build -t b24app .`
# One image for every process: `serve` is the default; `worker`, `tick`, `migrate`, `doctor` are arguments.

FROM node:22-slim AS front
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-fund --no-audit
COPY static static
RUN node static/build.mjs

FROM python:3.12-slim AS packages
COPY requirements/app.lock /app.lock
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r /app.lock

FROM python:3.12-slim
RUN useradd --system --uid 10001 --no-create-home b24app
WORKDIR /app
COPY --from=packages /venv /venv
COPY --from=front /src/build/static build/static
COPY app.yaml LICENSE ./
COPY docs/first-webhook.md docs/
COPY b24app b24app
COPY handlers handlers
COPY placements placements
COPY workers workers
COPY templates templates
COPY translations translations
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER b24app
EXPOSE 8080
ENTRYPOINT ["python", "-m", "b24app"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8080"]
