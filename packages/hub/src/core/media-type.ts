/** What may stand in a `content-type`: with it, no header can be broken. */
export const mediaTypePattern = '^[\\w!#$&^.+-]+/[\\w!#$&^.+*-]+[ \\t]*(;[\\x20-\\x7e]*)?$'
