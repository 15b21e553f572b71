// A table that is sorted by its headers.

/** Makes the headers of `table` into buttons; `sort` is kept by the caller and survives a new table. */
export function sortable(table, sort) {
  const headers = [...table.tHead.rows[0].cells];
  const apply = () => {
    headers.forEach((header, i) => {
      if (i === sort.column) header.setAttribute("aria-sort", sort.down ? "descending" : "ascending");
      else header.removeAttribute("aria-sort");
    });
    const body = table.tBodies[0];
    const value = (row) => row.cells[sort.column].dataset.value;
    const compare = (a, b) => (isFinite(a) && isFinite(b) && a !== "" && b !== "" ? a - b : a.localeCompare(b, undefined, { numeric: true }));
    const rows = [...body.rows].sort((a, b) => (sort.down ? -1 : 1) * compare(value(a), value(b)));
    body.append(...rows);
  };
  headers.forEach((header, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => {
      // Figures are looked for from the largest down, numbers and words from the first up.
      sort.down = sort.column === column ? !sort.down : isFinite(table.tBodies[0].rows[0].cells[column].dataset.value) && column > 0;
      sort.column = column;
      apply();
    });
  });
  if (sort.column >= headers.length) Object.assign(sort, { column: 0, down: false });
  apply();
}
