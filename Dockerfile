# One image for the worker, the API and the commands. Runs as nobody in particular, on a root it cannot write.
FROM python:3.13-slim AS packages
WORKDIR /build
COPY deploy/requirements.txt .
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt

FROM python:3.13-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 LOG_FORMAT=json
WORKDIR /app
COPY --from=packages /venv /venv
COPY domain domain
COPY workflows workflows
COPY activities activities
COPY operating operating
COPY api api
COPY bridge bridge
COPY *.py ./
# Compiled here: where it runs it cannot write.
RUN python -m compileall -q /app && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin notifications
USER 10001
STOPSIGNAL SIGTERM
CMD ["python", "worker.py"]
