# The service as one static binary, with time zones and CA roots inside it, and nothing around it.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
# The binary must be whole in itself: the final stage has no C library, no /usr/share/zoneinfo and no /etc/ssl.
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -tags timetzdata -ldflags "-s -w -X main.version=$VERSION" -o /image/nelke ./cmd/nelke
RUN mkdir -p /image/data

FROM scratch
COPY --from=build /image/nelke /nelke
# A volume inherits the owner of the folder that it covers. It is also where SQLite puts temporary files,
# since there is no /tmp and the working folder is its last choice.
COPY --from=build --chown=65534:65534 /image/data /var/lib/nelke
WORKDIR /var/lib/nelke
VOLUME /var/lib/nelke
USER 65534:65534
ENV NELKE_ADDR=0.0.0.0:8080 NELKE_DATA=/var/lib/nelke
EXPOSE 8080
ENTRYPOINT ["/nelke"]
CMD ["serve"]
