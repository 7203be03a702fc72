export function BrandMark() {
  return (
    <svg class="brand-mark" viewBox="0 0 32 32" aria-hidden="true">
      <path d="M16 16 8 9M16 16l8-7M16 16v9" />
      <circle cx="16" cy="16" r="4" />
      <circle cx="8" cy="9" r="2.5" />
      <circle cx="24" cy="9" r="2.5" />
      <circle cx="16" cy="25" r="2.5" />
    </svg>
  );
}
