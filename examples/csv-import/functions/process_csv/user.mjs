// What a row must have to become a user.

// The longest address there is, and as much of a name.
const LONGEST = 254;
// What SES sends to: nothing but ASCII, and none of what would need quotes.
const ADDRESS = /^[\w.!#$%&'*+/=?^`{|}~-]+@[a-z0-9.-]+$/;

/** The user of a row, or nothing. One address is one user, however it is written. */
export function user({ name = "", email = "" }) {
  const found = { email: email.trim().toLowerCase(), name: name.trim() };
  const fits = found.name && found.name.length <= LONGEST && found.email.length <= LONGEST;
  return fits && ADDRESS.test(found.email) ? found : undefined;
}
