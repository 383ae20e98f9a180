// Shows the document in Scalar's interface. Everything that would ask another
// host is off: fonts, telemetry, proxy, agents, accounts.
"use strict";

const settings = JSON.parse(document.getElementById("settings").textContent);

window.Scalar.createApiReference("#reference", {
  url: settings.document,
  withDefaultFonts: false,
  telemetry: false,
  proxyUrl: "",
  agent: { disabled: true },
  mcp: { disabled: true },
  showDeveloperTools: "never",
  hideClientButton: true,
  persistAuth: false,
  documentDownloadType: "json",
  defaultHttpClient: { targetKey: "js", clientKey: "fetch" },
  metaData: { title: "Docket API" },
  authentication: {
    preferredSecurityScheme: "bearer",
    securitySchemes: { bearer: { token: settings.token ?? "" } },
  },
});
