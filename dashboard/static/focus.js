// Whether arrows choose in a group of radio buttons: only when a person went there by Tab.
//
// After a click, or after a single key that checks one, arrows stay with the picture.

let pressed = "";
let isTabbed = false;

const isRadio = (at) => at?.tagName === "INPUT" && at.type === "radio";

addEventListener("keydown", (event) => (pressed = event.key), true);
addEventListener("pointerdown", () => (pressed = ""), true);
addEventListener(
  "focusin",
  ({ target, relatedTarget: left }) => {
    const isSameGroup = isRadio(target) && isRadio(left) && target.name === left.name;
    isTabbed = pressed === "Tab" || (isTabbed && isSameGroup);
  },
  true,
);

/** A radio button or a checkbox: nothing is typed into it. */
export function isChoice(at) {
  return at.tagName === "INPUT" && /^(radio|checkbox)$/.test(at.type);
}

/** Whether arrows are a radio button's own. */
export function choosesByArrows(at) {
  return isRadio(at) && isTabbed;
}
