import type { account as en } from '../en/account.ts';
import type { Same } from '../same.ts';

export const account: Same<typeof en> = {
  sign_in: 'Войти',
  register: 'Создайте аккаунт',
  register_lead: 'Первый аккаунт установки принадлежит её оператору.',
  to_register: 'Нет аккаунта? Создайте его',
  to_sign_in: 'Уже есть аккаунт? Войдите',
  email: 'Эл. почта',
  password: 'Пароль',
  password_hint: 'Не меньше 8 знаков: целую фразу легко запомнить.',
  name: 'Ваше имя',
  workspace_zone: 'Время показывается в поясе {{zone}}; это можно изменить позже.',
  create: 'Создать аккаунт',
  tagline: 'Посты выходят минута в минуту, один раз.',
  demo: 'Это демо: его аккаунт уже вписан.',
};
