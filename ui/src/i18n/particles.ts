/** Korean particles by the last sound of a word; the same rules as the server's messages (`haetae.notifications.words`). */
const PAIRS = { 을: ["을", "를"], 이: ["이", "가"], 은: ["은", "는"], 과: ["과", "와"] } as const;

export type Particle = keyof typeof PAIRS;

// Whether the Korean reading of a digit or a Latin letter ends in a consonant: 영 일 이 삼 사 오 육 칠 팔 구; 엘 엠 엔 알.
const FINAL_DIGITS = "013678";
const FINAL_LETTERS = "lmnr";

export function withParticle(word: string, particle: Particle): string {
  const [closed, open] = PAIRS[particle];
  return word + (endsInConsonant(word) ? closed : open);
}

function endsInConsonant(word: string): boolean {
  const last = [...word].reverse().find((sign) => /[\p{L}\p{N}]/u.test(sign)) ?? "";
  if (last >= "가" && last <= "힣") return (last.charCodeAt(0) - "가".charCodeAt(0)) % 28 !== 0;
  return last !== "" && (FINAL_DIGITS.includes(last) || FINAL_LETTERS.includes(last.toLowerCase()));
}
