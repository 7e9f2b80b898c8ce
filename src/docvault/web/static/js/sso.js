// @ts-check
/** Brings the identity provider's answer in: the page that received it changes nothing, its form does. */
import { $ } from "./ui.js";

$("#arrive", HTMLFormElement).requestSubmit();
