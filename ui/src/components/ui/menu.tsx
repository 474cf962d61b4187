import { Check } from "lucide-react";
import { DropdownMenu as Radix } from "radix-ui";
import type { ReactNode } from "react";

export function Menu({ trigger, children, align = "end" }: { trigger: ReactNode; children: ReactNode; align?: "start" | "end" }) {
  return (
    <Radix.Root modal={false}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          align={align}
          sideOffset={6}
          collisionPadding={8}
          className="z-50 max-h-[80dvh] min-w-52 overflow-y-auto rounded-lg border border-line bg-surface p-1 text-sm shadow-[var(--shadow)]"
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

const ITEM =
  "flex min-h-9 cursor-pointer items-center gap-2.5 rounded-md px-2.5 outline-none select-none data-disabled:pointer-events-none data-disabled:opacity-50 data-highlighted:bg-raised [&>svg]:size-4 [&>svg]:text-muted";

export function MenuItem({ onSelect, children, disabled }: { onSelect: () => void; children: ReactNode; disabled?: boolean }) {
  return (
    <Radix.Item className={ITEM} onSelect={onSelect} disabled={disabled}>
      {children}
    </Radix.Item>
  );
}

export function MenuLabel({ children }: { children: ReactNode }) {
  return <Radix.Label className="eyebrow px-2.5 pt-2 pb-1">{children}</Radix.Label>;
}

export const MenuLine = () => <Radix.Separator className="my-1 h-px bg-line" />;

export function MenuChoice<T extends string>({
  value,
  choices,
  onChoose,
}: {
  value: T;
  choices: readonly (readonly [T, ReactNode])[];
  onChoose: (value: T) => void;
}) {
  return (
    <Radix.RadioGroup value={value} onValueChange={(next) => onChoose(next as T)}>
      {choices.map(([each, label]) => (
        <Radix.RadioItem key={each} value={each} className={ITEM} onSelect={(event) => event.preventDefault()}>
          <span className="flex-1">{label}</span>
          <Radix.ItemIndicator>
            <Check className="size-4 text-accent" aria-hidden />
          </Radix.ItemIndicator>
        </Radix.RadioItem>
      ))}
    </Radix.RadioGroup>
  );
}
