// Starts Swagger UI on the document that the page names; nothing is loaded from another host.
const address = document.currentScript.dataset.document;

window.addEventListener("load", () => {
  window.ui = SwaggerUIBundle({
    url: address,
    dom_id: "#swagger-ui",
    deepLinking: true,
    displayOperationId: true,
    displayRequestDuration: true,
    docExpansion: "list",
    filter: true,
    persistAuthorization: true,
    tryItOutEnabled: true,
    validatorUrl: null,
    presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
  });
});
