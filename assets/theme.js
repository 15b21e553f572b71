// A classic script in <head>: a module would run after the first paint and the page would flash in the wrong theme.
(function () {
  const root = document.documentElement;
  const names = { system: "System", light: "Light", dark: "Dark" };
  const order = Object.keys(names);

  function stored() {
    try {
      const theme = localStorage.getItem("hairline.theme");
      return order.includes(theme) ? theme : "system";
    } catch {
      return "system"; // Storage may be blocked.
    }
  }

  function apply(theme) {
    if (theme === "system") delete root.dataset.theme;
    else root.dataset.theme = theme;
  }

  root.classList.add("js");
  let theme = stored();
  apply(theme);

  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    const label = button.querySelector("[data-theme-name]");
    const show = () => {
      label.textContent = names[theme];
      button.setAttribute("aria-label", `Theme: ${names[theme]}`);
    };
    button.addEventListener("click", () => {
      theme = order[(order.indexOf(theme) + 1) % order.length];
      apply(theme);
      show();
      try {
        localStorage.setItem("hairline.theme", theme);
      } catch {
        // The choice then holds for this page only.
      }
    });
    show();
  });
})();
