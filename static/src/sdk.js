// The portal's official frame library; a module of its own, so that only what is used of it is built and it loads late.
export { initializeB24Frame } from '@bitrix24/b24jssdk'
