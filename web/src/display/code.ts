/** A QR code as one path on a grid of unit squares, with the quiet zone that readers need. */
import { encode } from "uqr";

const QUIET_ZONE = 4;

export interface Code {
  /** How many squares it is wide and high. */
  size: number;
  path: string;
}

export function codeOf(text: string): Code {
  const { data, size } = encode(text, { ecc: "M", border: QUIET_ZONE });
  const squares = data.flatMap((row, y) =>
    row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])),
  );
  return { size, path: squares.join("") };
}
