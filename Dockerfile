# The connector on Microsoft's own Functions host. Build it from the top of the repository: docker build --tag entra-connector .
#
# The tag moves with Microsoft's security updates. Where a build must be repeatable, write the digest behind it (…:4-python3.13@sha256:…);
# `docker buildx imagetools inspect mcr.microsoft.com/azure-functions/python:4-python3.13` shows it.
FROM mcr.microsoft.com/azure-functions/python:4-python3.13

# Nothing is written but below /tmp and in Secrets, so the root of the file system can be read-only; HOME is where ASP.NET keeps its keys,
# and diagnostics would open a socket. The console is where a container logs. Who is not root may not listen on port 80.
ENV AzureWebJobsScriptRoot=/home/site/wwwroot \
    AzureFunctionsJobHost__Logging__Console__IsEnabled=true \
    ASPNETCORE_URLS=http://+:8080 \
    DOTNET_EnableDiagnostics=0 \
    HOME=/tmp

COPY requirements.txt /tmp/requirements.txt
RUN python -m pip install --no-cache-dir --require-hashes --requirement /tmp/requirements.txt \
    && rm /tmp/requirements.txt

WORKDIR /home/site/wwwroot
COPY . .

# Byte code is made here, because nobody may write it later. The host wants to write beside itself that it keeps keys elsewhere.
RUN python -m compileall -q . \
    && install --directory --owner=10001 --group=10001 /azure-functions-host/Secrets

# A number, because Kubernetes can only tell of numbers that they are not root.
USER 10001:10001

EXPOSE 8080

# For plain Docker; Kubernetes asks by itself.
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8080/api/live', timeout=5).close()"]

# The host itself instead of the image's start script, which wants to be root to install certificates: so it is process 1, and hears of it
# when it is to stop.
CMD ["/azure-functions-host/Microsoft.Azure.WebJobs.Script.WebHost"]
