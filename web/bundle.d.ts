// What the bundler takes in besides scripts.
declare module '*.css';
