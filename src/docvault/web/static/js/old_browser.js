// Only a browser that does not know modules runs this file: it is too old for what protects the people here
// (docs/browsers.md). It says so instead of the page. Written for such browsers: no words that they do not know.
(function () {
  function tell() {
    var card = document.createElement("main");
    var title = document.createElement("h1");
    var text = document.createElement("p");
    card.id = "old-browser";
    title.appendChild(document.createTextNode("Please use a newer browser"));
    text.appendChild(
      document.createTextNode(
        "This browser is too old to keep your documents safe. " +
          "Open this address in a current Firefox, Chrome, Edge or Safari."
      )
    );
    card.appendChild(title);
    card.appendChild(text);
    while (document.body.firstChild) {
      document.body.removeChild(document.body.firstChild);
    }
    document.body.appendChild(card);
  }
  if (document.body) {
    tell();
  } else {
    document.addEventListener("DOMContentLoaded", tell);
  }
})();
