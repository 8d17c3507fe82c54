/**
 * The only place with tsyringe: typed tokens over a child container per node, so that one process can host many nodes
 * and a test can swap a clock or a link.
 */
import 'reflect-metadata';
import { container, type DependencyContainer, instancePerContainerCachingFactory } from 'tsyringe';

/** A name for something of type T. */
export interface Token<T> {
  readonly key: symbol;
  readonly type?: T;
}

export const token = <T>(name: string): Token<T> => ({ key: Symbol(name) });

export class NodeContainer {
  private readonly inner: DependencyContainer = container.createChildContainer();

  get<T>(wanted: Token<T>): T {
    return this.inner.resolve<T>(wanted.key);
  }
  has(wanted: Token<unknown>): boolean {
    return this.inner.isRegistered(wanted.key);
  }
  set<T>(as: Token<T>, value: T): this {
    // Not useValue: tsyringe takes a null for no provider at all.
    this.inner.register(as.key, { useFactory: () => value });
    return this;
  }
  /** Made when first asked for, once per container; a value set before (an override) wins. */
  provide<T>(as: Token<T>, make: (from: NodeContainer) => T): this {
    if (!this.has(as))
      this.inner.register(as.key, { useFactory: instancePerContainerCachingFactory(() => make(this)) });
    return this;
  }
}
